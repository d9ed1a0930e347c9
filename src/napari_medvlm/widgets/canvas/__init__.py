"""What lies on the image: boxes, masks, regions, letters; and the way between image and viewer."""
