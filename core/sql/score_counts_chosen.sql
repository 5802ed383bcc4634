-- How many of the chosen samples that are visible have each score, rounded to 0 to 5, by capability (NULL: not scored)?
WITH picked AS (SELECT v.* FROM visible v SEMI JOIN chosen ON chosen.sample_id = v.sample_id)
SELECT 0 AS place, 'spatial' AS capability, ((spatial::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(spatial) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 1 AS place, 'attribute' AS capability, ((attribute::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(attribute) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 2 AS place, 'logical' AS capability, ((logical::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(logical) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 3 AS place, 'scene' AS capability, ((scene::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(scene) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 4 AS place, 'finegrained' AS capability, ((finegrained::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(finegrained) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 5 AS place, 'langgen' AS capability, ((langgen::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(langgen) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 6 AS place, 'icl' AS capability, ((icl::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(icl) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 7 AS place, 'comparative' AS capability, ((comparative::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(comparative) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 8 AS place, 'activity' AS capability, ((activity::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(activity) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 9 AS place, 'causal' AS capability, ((causal::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(causal) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 10 AS place, 'humanities' AS capability, ((humanities::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(humanities) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 11 AS place, 'stem' AS capability, ((stem::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(stem) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 12 AS place, 'data' AS capability, ((data::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(data) / 50.0 AS total FROM picked GROUP BY score
UNION ALL
SELECT 13 AS place, 'ocr' AS capability, ((ocr::INTEGER + 25) // 50)::TINYINT AS score, count(*) AS num_samples, sum(ocr) / 50.0 AS total FROM picked GROUP BY score
ORDER BY place, score NULLS LAST
