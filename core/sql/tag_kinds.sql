-- Which kind of tag is each path?
SELECT kind, path FROM tags ORDER BY tag_id
