-- How many visible samples have each number of images?
SELECT num_images, count(*) AS num_samples
FROM visible
GROUP BY num_images
ORDER BY num_images
