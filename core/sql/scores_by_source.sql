-- What is the mean score of each capability in each source of the visible samples?
SELECT
    source::VARCHAR AS source,
    count(*) AS num_samples,
    avg(spatial) / 50.0 AS spatial,
    avg(attribute) / 50.0 AS attribute,
    avg(logical) / 50.0 AS logical,
    avg(scene) / 50.0 AS scene,
    avg(finegrained) / 50.0 AS finegrained,
    avg(langgen) / 50.0 AS langgen,
    avg(icl) / 50.0 AS icl,
    avg(comparative) / 50.0 AS comparative,
    avg(activity) / 50.0 AS activity,
    avg(causal) / 50.0 AS causal,
    avg(humanities) / 50.0 AS humanities,
    avg(stem) / 50.0 AS stem,
    avg(data) / 50.0 AS data,
    avg(ocr) / 50.0 AS ocr
FROM visible
GROUP BY visible.source
ORDER BY 1
