-- How many visible samples have each score, rounded to 0 to 5, by capability (NULL: not scored)?
-- A number of bars_a, bars_b and bars_c holds the rounded scores of five capabilities (the last one four), three bits each, 7 for
-- none: samples are grouped by three small numbers, and taking those apart is over their few values. `total` adds up all
-- scores of a capability as they are stored, 0 where there is none, and is the same on each of its rows.
WITH counted AS (
    SELECT
        CASE WHEN grouping(bars_a) = 0 THEN 0 WHEN grouping(bars_b) = 0 THEN 5 ELSE 10 END AS place,
        coalesce(bars_a, bars_b, bars_c)::INTEGER AS bars,
        count(*) AS num
    FROM visible
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
    FROM visible
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
