-- What are the visible samples as rows of a table?
-- Sample ids are 16 hex digits; scores are 0 to 5, empty where missing.
SELECT
    printf('%016x', v.sample_id) AS sample_id,
    p.source,
    v.original_id,
    v.num_images,
    v.num_turns,
    v.num_chars,
    v.num_text_tokens,
    v.width_px,
    v.height_px,
    list_aggregate(p.styles, 'string_agg', '; ') AS styles,
    list_aggregate(p.tags, 'string_agg', '; ') AS tags,
    p.spatial,
    p.attribute,
    p.logical,
    p.scene,
    p.finegrained,
    p.langgen,
    p.icl,
    p.comparative,
    p.activity,
    p.causal,
    p.humanities,
    p.stem,
    p.data,
    p.ocr
FROM visible v
JOIN pool p USING (row)
ORDER BY v.row
