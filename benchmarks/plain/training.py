"""The published notebook as a script: what `benchmarks/training.py` measures ours beside.

Usage: training.py TRAIN_FOLDER VAL_FOLDER EPOCHS
"""

import json
import sys
import time

import keras
from keras import layers

train_folder, val_folder, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
trained, ended = [], []


class Clock(keras.callbacks.Callback):
    """Notes when the training images of an epoch are through, and when the epoch is."""

    def on_test_begin(self, logs=None):
        """Validation begins: training is through."""
        trained.append(time.time())

    def on_epoch_end(self, epoch, logs=None):
        """Validation is through as well."""
        ended.append(time.time())


train = keras.utils.image_dataset_from_directory(
    train_folder, image_size=(224, 224), batch_size=32, verbose=False
)
val = keras.utils.image_dataset_from_directory(
    val_folder, image_size=(224, 224), batch_size=32, verbose=False
)
model = keras.Sequential(
    [
        keras.Input((224, 224, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(128, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
stopping = keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
model.fit(train, validation_data=val, epochs=epochs, callbacks=[stopping, Clock()], verbose=0)
print(json.dumps({"images": len(train.file_paths), "trained": trained, "ended": ended}))
