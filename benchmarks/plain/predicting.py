"""A plain Keras script: what `benchmarks/predicting.py` measures a cold prediction beside.

Usage: predicting.py MODEL.keras IMAGE
"""

import sys

import keras

model = keras.models.load_model(sys.argv[1])
image = keras.utils.load_img(sys.argv[2], color_mode="grayscale", target_size=(224, 224))
print(model.predict(keras.utils.img_to_array(image)[None].astype("uint8"), verbose=0)[0])
