-- How many of the chosen samples are visible?
SELECT count(*) AS num_samples FROM visible v SEMI JOIN chosen ON chosen.sample_id = v.sample_id
