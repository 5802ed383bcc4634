-- How many visible samples carry each style (its place in the vocabulary; NULL: none)?
SELECT place, count(*) AS num_samples
FROM (
    SELECT unnest(list_filter(range(9), lambda i: (style_bits >> i::INTEGER) & 1 = 1)) AS place
    FROM visible
    WHERE style_bits > 0
)
GROUP BY place
UNION ALL
SELECT NULL, count(*) FROM visible WHERE coalesce(style_bits, 0) = 0
ORDER BY place NULLS LAST
