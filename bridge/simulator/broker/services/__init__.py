"""Base classes of Broker: each implements the methods of BrokerApi and BrokerControl that belong to one subject."""
