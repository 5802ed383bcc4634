-- What does each source hold, and under which licence?
SELECT
    v.source,
    any_value(s.format) AS format,
    any_value(s.licence) AS licence,
    any_value(s.revision) AS revision,
    any_value(s.category) AS category,
    any_value(s.images) AS images,
    count(*) AS num_samples,
    sum(v.num_images)::BIGINT AS num_image_places,
    sum(v.num_turns)::BIGINT AS num_turns,
    sum(v.num_text_tokens)::BIGINT AS num_text_tokens
FROM visible v
LEFT JOIN sources s ON s.source = v.source
GROUP BY v.source
ORDER BY num_samples DESC, v.source
