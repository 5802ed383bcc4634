-- How many visible samples, of how many sources, stand under each licence?
-- Grouped by source first: a licence is a source's, and there are few of those.
SELECT
    coalesce(nullif(trim(s.licence), ''), 'no licence stated') AS licence,
    sum(v.num_samples)::BIGINT AS num_samples,
    count(*) AS num_sources
FROM (SELECT source, count(*) AS num_samples FROM visible GROUP BY source) v
LEFT JOIN sources s ON s.source = v.source::VARCHAR
GROUP BY 1
ORDER BY 2 DESC, 1
