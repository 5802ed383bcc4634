-- How many of the chosen samples that are visible have each score, rounded to 0 to 5, by capability (NULL: not scored)?
-- As score_counts, in one reading.
WITH counted AS (
    SELECT
        CASE
            WHEN grouping(spatial) = 0 THEN 0
            WHEN grouping(attribute) = 0 THEN 1
            WHEN grouping(logical) = 0 THEN 2
            WHEN grouping(scene) = 0 THEN 3
            WHEN grouping(finegrained) = 0 THEN 4
            WHEN grouping(langgen) = 0 THEN 5
            WHEN grouping(icl) = 0 THEN 6
            WHEN grouping(comparative) = 0 THEN 7
            WHEN grouping(activity) = 0 THEN 8
            WHEN grouping(causal) = 0 THEN 9
            WHEN grouping(humanities) = 0 THEN 10
            WHEN grouping(stem) = 0 THEN 11
            WHEN grouping(data) = 0 THEN 12
            WHEN grouping(ocr) = 0 THEN 13
        END AS place,
        coalesce(
            spatial, attribute, logical, scene, finegrained, langgen, icl, comparative, activity, causal,
            humanities, stem, data, ocr
        ) AS stored,
        count(*) AS num
    FROM visible SEMI JOIN chosen ON chosen.sample_id = visible.sample_id
    GROUP BY GROUPING SETS (
        (spatial), (attribute), (logical), (scene), (finegrained), (langgen), (icl), (comparative), (activity),
        (causal), (humanities), (stem), (data), (ocr)
    )
)
SELECT
    place,
    [
        'spatial', 'attribute', 'logical', 'scene', 'finegrained', 'langgen', 'icl', 'comparative', 'activity',
        'causal', 'humanities', 'stem', 'data', 'ocr'
    ][place + 1] AS capability,
    ((stored::INTEGER + 25) // 50)::TINYINT AS score,
    sum(num)::BIGINT AS num_samples,
    sum(stored * num) / 50.0 AS total
FROM counted
GROUP BY place, score
ORDER BY place, score NULLS LAST
