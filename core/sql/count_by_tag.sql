-- How many visible samples carry each tag or one below it, and how often is it given?
-- Counted at each level of the path; a path that ends early has no row below its end.
SELECT
    t.kind,
    (3 - (grouping(t.level2) + grouping(t.level3)))::TINYINT AS depth,
    t.level1,
    t.level2,
    t.level3,
    count(DISTINCT v.row) AS num_samples,
    count(*) AS num_times
FROM visible v
JOIN sample_tags USING (row)
JOIN tags t USING (tag_id)
GROUP BY GROUPING SETS ((t.kind, t.level1), (t.kind, t.level1, t.level2), (t.kind, t.level1, t.level2, t.level3))
HAVING NOT (grouping(t.level2) = 0 AND t.level2 IS NULL) AND NOT (grouping(t.level3) = 0 AND t.level3 IS NULL)
ORDER BY t.kind, num_times DESC, t.level1, t.level2 NULLS FIRST, t.level3 NULLS FIRST
