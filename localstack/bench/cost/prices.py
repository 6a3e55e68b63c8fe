"""What AWS charges in us-east-1, in dollars, without free tiers: the lists of 2025. They change;
compare before you rely on them."""

from __future__ import annotations

from dataclasses import dataclass

MILLION = 1e6
GB = 1e9


@dataclass(frozen=True)
class Price:
    """What something costs."""

    #: What it is, and in what it is counted.
    name: str
    dollars: float
    #: For so much of it.
    per: float

    def of(self, amount: float) -> float:
        """What so much of it costs, in dollars."""
        return amount * self.dollars / self.per


#: https://aws.amazon.com/api-gateway/pricing/ (HTTP API), .../sqs/pricing/ (standard queues),
#: .../lambda/pricing/ (x86_64), .../dynamodb/pricing/on-demand/, .../timestream/pricing/,
#: .../cloudwatch/pricing/ (logs).
PRICES = {
    "gateway": Price("API Gateway, requests of 512 KB", 1.00, MILLION),
    "queue": Price("SQS, requests of 64 KB", 0.40, MILLION),
    "invocations": Price("Lambda, requests", 0.20, MILLION),
    "compute": Price("Lambda, GB-seconds", 0.0000166667, 1),
    "write": Price("DynamoDB, write units", 0.625, MILLION),
    "read": Price("DynamoDB, read units", 0.125, MILLION),
    "records": Price("Timestream, KB written", 0.50, MILLION),
    "logs": Price("CloudWatch, bytes of logs", 0.50, GB),
}
#: A GB of a table for a month, with its recovery to any second.
STORED = Price("DynamoDB, GB for a month", 0.25 + 0.20, 1)

#: A compute unit of Timestream, which has 4 processors, for an hour; it is billed by the second,
#: for 30 seconds at least (developer guide, "Billing for TCU").
TCU = Price("Timestream, TCU-hours", 0.518, 1)
LEAST_QUERY = TCU.of(30 / 3600)
