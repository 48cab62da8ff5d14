"""The simulated X: a post archive served by the rules of X API v2.

archive = Archive.load(Path("archive"))
x = SimulatedX(archive, clock=lambda: now)
session.mount("https://api.twitter.com", WsgiTransport(x))   # in process
server = serve(x)                                            # or on a loopback port
"""

from __future__ import annotations

from pulse_cli.simulated_x.app import SimulatedX
from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.archive_files import ArchiveError
from pulse_cli.simulated_x.archived_companies import ArchivedAccount, ArchivedCompany
from pulse_cli.simulated_x.archived_posts import ArchivedPost
from pulse_cli.simulated_x.faults import DropError, InjectedFault
from pulse_cli.simulated_x.server import Server, serve
from pulse_cli.simulated_x.transport import WsgiTransport
from pulse_cli.simulated_x.vocabulary import VocabularyName

__all__ = [
    "Archive",
    "ArchiveError",
    "ArchivedAccount",
    "ArchivedCompany",
    "ArchivedPost",
    "DropError",
    "InjectedFault",
    "Server",
    "SimulatedX",
    "VocabularyName",
    "WsgiTransport",
    "serve",
]
