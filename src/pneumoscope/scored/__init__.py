"""The format of a scored folder: its plan, and one row for each image in shards of Parquet.

DIR/plan.json             what was scored, by which model, and how
DIR/list.parquet          the images, in the order of the shards
DIR/part-000123.parquet   the rows of one shard, whole or absent
"""
