"""Everything that calls a cloud's API: credentials, clients, pace, deadlines, retries, and what errors mean.

Only `tencent_api` and `aws_sdk` import a cloud's SDK, and only `stores.cos` an HTTP library. What is done
with the answers belongs in `handler.reconcile`, and publishing in `handler.topics`.
"""
