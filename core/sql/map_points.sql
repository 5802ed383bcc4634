-- Where on the map does each visible sample stand, and what colours it?
SELECT sample_id, map_x, map_y, source::VARCHAR AS source, style_bits, top_capability, cluster
FROM visible
ORDER BY sample_id
