-- What are the stored scores of the visible samples (NULL: not scored)?
SELECT spatial, attribute, logical, scene, finegrained, langgen, icl, comparative, activity, causal, humanities, stem, data, ocr
FROM visible
ORDER BY row
