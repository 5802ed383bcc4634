-- How many visible samples carry each flag (NULL: none)?
SELECT flag, count(*) AS num_samples
FROM (SELECT unnest(flags) AS flag FROM visible WHERE len(flags) > 0)
GROUP BY flag
UNION ALL
SELECT NULL, count(*) FROM visible WHERE len(flags) = 0
ORDER BY flag NULLS LAST
