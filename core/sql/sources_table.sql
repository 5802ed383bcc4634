-- What does each source hold, and under which licence?
-- Grouped by source first: what is known of a source is looked up once for all its samples.
SELECT
    v.source::VARCHAR AS source,
    s.format,
    s.licence,
    s.revision,
    s.category,
    s.images,
    v.num_samples,
    v.num_image_places,
    v.num_turns,
    v.num_text_tokens
FROM (
    SELECT
        source,
        count(*) AS num_samples,
        sum(num_images)::BIGINT AS num_image_places,
        sum(num_turns)::BIGINT AS num_turns,
        sum(num_text_tokens)::BIGINT AS num_text_tokens
    FROM visible
    GROUP BY source
) v
LEFT JOIN sources s ON s.source = v.source::VARCHAR
ORDER BY num_samples DESC, 1
