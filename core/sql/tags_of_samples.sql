-- Which tags does each sample carry, by their numbers?
SELECT row, tag_id FROM sample_tags
