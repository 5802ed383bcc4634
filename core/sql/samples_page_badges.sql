-- Which samples stand on one page of the grid, in the chosen order, and which styles and flags do they carry?
-- The order is that of samples_page, letter by letter. Asked at once, since finding 48 samples by their ids among a million
-- costs as much as the page itself; that one stays narrow because it also gives whole orders.
SELECT sample_id, style_bits, flags
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
