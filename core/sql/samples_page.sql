-- Which samples stand on one page of the grid, in the chosen order?
-- $sort is one of the words below or a capability key; $direction is 1 for ascending and -1 for descending. Sample ids are
-- hashes, so their own order is a shuffle that stays the same.
SELECT sample_id
FROM visible
ORDER BY
    $direction * CASE $sort
        WHEN 'images' THEN num_images
        WHEN 'turns' THEN num_turns
        WHEN 'length' THEN num_chars
        WHEN 'size' THEN width_px::BIGINT * height_px
        WHEN 'shuffled' THEN sample_id::DOUBLE
        WHEN 'spatial' THEN spatial
        WHEN 'attribute' THEN attribute
        WHEN 'logical' THEN logical
        WHEN 'scene' THEN scene
        WHEN 'finegrained' THEN finegrained
        WHEN 'langgen' THEN langgen
        WHEN 'icl' THEN icl
        WHEN 'comparative' THEN comparative
        WHEN 'activity' THEN activity
        WHEN 'causal' THEN causal
        WHEN 'humanities' THEN humanities
        WHEN 'stem' THEN stem
        WHEN 'data' THEN data
        WHEN 'ocr' THEN ocr
    END NULLS LAST,
    row
LIMIT $limit OFFSET $offset
