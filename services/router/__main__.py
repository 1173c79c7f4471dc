from __future__ import annotations

from services.router.worker import ROUTER
from services.transport import agent

if __name__ == "__main__":
    agent.run(ROUTER)
