-- What does the lens know about the chosen samples?
SELECT visible.*
FROM chosen
JOIN visible USING (sample_id)
ORDER BY position
