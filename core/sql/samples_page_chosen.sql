-- Which visible samples stand on one page of the grid, the chosen ones first in their order?
-- The others follow in the order of the workspace.
SELECT v.sample_id
FROM visible v
LEFT JOIN chosen c ON c.sample_id = v.sample_id
ORDER BY c.position NULLS LAST, v.row
LIMIT $limit OFFSET $offset
