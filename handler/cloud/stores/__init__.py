"""Where objects are kept: S3, Tencent COS, or a folder of a developer's machine. One protocol for all."""
