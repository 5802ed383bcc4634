-- Which second-level instruction tags does each visible sample carry?
SELECT DISTINCT v.sample_id, t.level1, t.level2
FROM visible v
JOIN sample_tags USING (row)
JOIN tags t USING (tag_id)
WHERE t.kind = 'instruction_tags'
ORDER BY v.sample_id, t.level1, t.level2
