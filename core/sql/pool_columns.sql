-- Which narrow columns do selectors see of the visible samples?
SELECT
    * EXCLUDE (tag_ids, flags, map_x, map_y, top_capability, tag_bits, flag_bits, bars_a, bars_b, bars_c)
    REPLACE (source::VARCHAR AS source)
FROM visible
