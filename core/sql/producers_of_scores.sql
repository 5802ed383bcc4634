-- How many visible scores came from each producer (its place in the list of producers), by capability?
SELECT 'spatial' AS capability, spatial_by AS producer, count(*) AS num_samples FROM visible WHERE spatial IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'attribute' AS capability, attribute_by AS producer, count(*) AS num_samples FROM visible WHERE attribute IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'logical' AS capability, logical_by AS producer, count(*) AS num_samples FROM visible WHERE logical IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'scene' AS capability, scene_by AS producer, count(*) AS num_samples FROM visible WHERE scene IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'finegrained' AS capability, finegrained_by AS producer, count(*) AS num_samples FROM visible WHERE finegrained IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'langgen' AS capability, langgen_by AS producer, count(*) AS num_samples FROM visible WHERE langgen IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'icl' AS capability, icl_by AS producer, count(*) AS num_samples FROM visible WHERE icl IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'comparative' AS capability, comparative_by AS producer, count(*) AS num_samples FROM visible WHERE comparative IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'activity' AS capability, activity_by AS producer, count(*) AS num_samples FROM visible WHERE activity IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'causal' AS capability, causal_by AS producer, count(*) AS num_samples FROM visible WHERE causal IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'humanities' AS capability, humanities_by AS producer, count(*) AS num_samples FROM visible WHERE humanities IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'stem' AS capability, stem_by AS producer, count(*) AS num_samples FROM visible WHERE stem IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'data' AS capability, data_by AS producer, count(*) AS num_samples FROM visible WHERE data IS NOT NULL GROUP BY producer
UNION ALL
SELECT 'ocr' AS capability, ocr_by AS producer, count(*) AS num_samples FROM visible WHERE ocr IS NOT NULL GROUP BY producer
