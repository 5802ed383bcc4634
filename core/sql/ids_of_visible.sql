-- Which samples are visible?
SELECT sample_id FROM visible ORDER BY sample_id
