-- Which narrow columns do selectors see of the visible samples?
SELECT
    * EXCLUDE (
        tag_ids, flags, map_x, map_y, top_capability, tag_bits, flag_bits, bars_a, bars_b, bars_c,
        spatial_or_0, attribute_or_0, logical_or_0, scene_or_0, finegrained_or_0, langgen_or_0, icl_or_0,
        comparative_or_0, activity_or_0, causal_or_0, humanities_or_0, stem_or_0, data_or_0, ocr_or_0
    )
    REPLACE (source::VARCHAR AS source)
FROM visible
