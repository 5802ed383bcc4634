-- Which narrow columns do selectors see of the visible samples?
SELECT * EXCLUDE (tag_ids, flags, map_x, map_y, top_capability) FROM visible
