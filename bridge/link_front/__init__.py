"""Link front: accepts connections to the link, and passes whole messages of one part to the ROUTER."""
