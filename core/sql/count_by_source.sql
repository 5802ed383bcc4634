-- How many visible samples has each source?
SELECT source::VARCHAR AS source, num_samples
FROM (SELECT source, count(*) AS num_samples FROM visible GROUP BY source)
ORDER BY num_samples DESC, source
