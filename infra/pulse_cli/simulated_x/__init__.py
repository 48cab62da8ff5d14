"""The simulated X: a post archive served by the rules of X API v2.

archive = Archive.load(Path("archive"))
x = SimulatedX(archive, clock=lambda: now)
session.mount("https://api.twitter.com", WsgiTransport(x))   # in process
server = serve(x)                                            # or on a loopback port
"""

from .app import SimulatedX
from .archive import Archive
from .companies import Account, Company
from .faults import DropError, Fault
from .files import ArchiveError
from .posts import Post
from .server import Server, serve
from .transport import WsgiTransport
from .vocabulary import VocabularyName

__all__ = [
    "Account",
    "Archive",
    "ArchiveError",
    "Company",
    "DropError",
    "Fault",
    "Post",
    "Server",
    "SimulatedX",
    "VocabularyName",
    "WsgiTransport",
    "serve",
]
