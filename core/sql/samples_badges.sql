-- Which styles and flags do the chosen samples carry?
SELECT sample_id, style_bits, flags
FROM visible
JOIN chosen USING (sample_id)
ORDER BY position
