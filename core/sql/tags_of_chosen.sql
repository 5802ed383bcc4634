-- How many samples carry each tag, in all and among the chosen ones?
SELECT t.kind, t.path, count(*) AS num_all, count(c.sample_id) AS num_chosen
FROM sample_tags st
JOIN tags t USING (tag_id)
JOIN samples s USING (row)
LEFT JOIN (SELECT DISTINCT sample_id FROM chosen) c ON c.sample_id = s.sample_id
GROUP BY t.kind, t.path
ORDER BY t.kind, t.path
