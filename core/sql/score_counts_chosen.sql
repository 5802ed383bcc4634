-- How many of the chosen samples that are visible have each score, rounded to 0 to 5, by capability (NULL: not scored)?
-- As score_counts, after looking the chosen ones up once.
WITH seen AS MATERIALIZED (
    SELECT
        bars_a, bars_b, bars_c,
        spatial_or_0, attribute_or_0, logical_or_0, scene_or_0, finegrained_or_0, langgen_or_0, icl_or_0,
        comparative_or_0, activity_or_0, causal_or_0, humanities_or_0, stem_or_0, data_or_0, ocr_or_0
    FROM visible SEMI JOIN chosen ON chosen.sample_id = visible.sample_id
),
counted AS (
    SELECT
        CASE WHEN grouping(bars_a) = 0 THEN 0 WHEN grouping(bars_b) = 0 THEN 5 ELSE 10 END AS place,
        coalesce(bars_a, bars_b, bars_c)::INTEGER AS bars,
        count(*) AS num
    FROM seen
    GROUP BY GROUPING SETS ((bars_a), (bars_b), (bars_c))
),
bars AS (
    SELECT place + nth AS place, nullif((bars >> (3 * nth)) & 7, 7)::TINYINT AS score, sum(num)::BIGINT AS num_samples
    FROM counted, (SELECT unnest(range(5))::INTEGER AS nth)
    WHERE place + nth < 14
    GROUP BY ALL
),
totals AS (
    SELECT [
        sum(spatial_or_0), sum(attribute_or_0), sum(logical_or_0), sum(scene_or_0), sum(finegrained_or_0),
        sum(langgen_or_0), sum(icl_or_0), sum(comparative_or_0), sum(activity_or_0), sum(causal_or_0),
        sum(humanities_or_0), sum(stem_or_0), sum(data_or_0), sum(ocr_or_0)
    ] AS stored
    FROM seen
)
SELECT
    place,
    [
        'spatial', 'attribute', 'logical', 'scene', 'finegrained', 'langgen', 'icl', 'comparative', 'activity',
        'causal', 'humanities', 'stem', 'data', 'ocr'
    ][place + 1] AS capability,
    score,
    num_samples,
    stored[place + 1] / 50.0 AS total
FROM bars, totals
ORDER BY place, score NULLS LAST
