-- Which visible samples carry each flag?
SELECT flag, sample_id
FROM (SELECT sample_id, unnest(flags) AS flag FROM visible WHERE len(flags) > 0)
ORDER BY flag, sample_id
