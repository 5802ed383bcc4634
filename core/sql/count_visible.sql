-- How many samples are visible?
SELECT count(*) AS num_samples FROM visible
