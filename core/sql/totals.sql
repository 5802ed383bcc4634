-- How large is what is visible?
SELECT
    count(*) AS num_samples,
    coalesce(sum(num_images), 0)::BIGINT AS num_image_places,
    coalesce(sum(num_turns), 0)::BIGINT AS num_turns,
    coalesce(sum(num_chars), 0)::BIGINT AS num_chars,
    sum(num_text_tokens)::BIGINT AS num_text_tokens,
    count(DISTINCT source) AS num_sources
FROM visible
