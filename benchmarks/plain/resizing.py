"""What a notebook does to shrink a folder: decode, resize and save, one image after the other."""

import sys
from pathlib import Path

from PIL import Image

source, output, side = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for path in sorted(source.rglob("*.jpeg")):
    target = output / path.relative_to(source).with_suffix(".png")
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        small = image.convert("L").resize((side, side), Image.Resampling.BILINEAR)
    small.save(target, compress_level=1)
