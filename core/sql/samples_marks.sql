-- What does the lens know about the chosen samples?
SELECT visible.* REPLACE (visible.source::VARCHAR AS source)
FROM chosen
JOIN visible USING (sample_id)
ORDER BY position
