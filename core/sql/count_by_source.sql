-- How many visible samples has each source?
SELECT source, count(*) AS num_samples
FROM visible
GROUP BY source
ORDER BY num_samples DESC, source
