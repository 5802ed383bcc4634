-- How do the scores of the visible samples go together, pair by pair (Pearson, samples that have both)?
WITH scores AS (SELECT spatial, attribute, logical, scene, finegrained, langgen, icl, comparative, activity, causal, humanities, stem, data, ocr FROM visible)
SELECT 0 AS place, corr(spatial, COLUMNS(*)) FROM scores
UNION ALL
SELECT 1 AS place, corr(attribute, COLUMNS(*)) FROM scores
UNION ALL
SELECT 2 AS place, corr(logical, COLUMNS(*)) FROM scores
UNION ALL
SELECT 3 AS place, corr(scene, COLUMNS(*)) FROM scores
UNION ALL
SELECT 4 AS place, corr(finegrained, COLUMNS(*)) FROM scores
UNION ALL
SELECT 5 AS place, corr(langgen, COLUMNS(*)) FROM scores
UNION ALL
SELECT 6 AS place, corr(icl, COLUMNS(*)) FROM scores
UNION ALL
SELECT 7 AS place, corr(comparative, COLUMNS(*)) FROM scores
UNION ALL
SELECT 8 AS place, corr(activity, COLUMNS(*)) FROM scores
UNION ALL
SELECT 9 AS place, corr(causal, COLUMNS(*)) FROM scores
UNION ALL
SELECT 10 AS place, corr(humanities, COLUMNS(*)) FROM scores
UNION ALL
SELECT 11 AS place, corr(stem, COLUMNS(*)) FROM scores
UNION ALL
SELECT 12 AS place, corr(data, COLUMNS(*)) FROM scores
UNION ALL
SELECT 13 AS place, corr(ocr, COLUMNS(*)) FROM scores
ORDER BY place
