-- How is one sample scored, and by whom (the place in the list of producers)?
-- It is looked for by its id in the table itself: a join reads every column of all samples.
SELECT
    spatial, spatial_by, attribute, attribute_by, logical, logical_by,
    scene, scene_by, finegrained, finegrained_by, langgen, langgen_by,
    icl, icl_by, comparative, comparative_by, activity, activity_by,
    causal, causal_by, humanities, humanities_by, stem, stem_by,
    data, data_by, ocr, ocr_by
FROM samples
WHERE sample_id = $sample_id
