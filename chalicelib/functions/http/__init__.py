"""What API Gateway calls: the routes, and what stands between them and the use cases."""
