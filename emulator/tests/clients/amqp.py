"""Opens an AMQP connection with Apache Qpid Proton and says what came of it.

Arguments: port, host name for SNI and verification, file of trusted roots.
"""

import sys

from proton import SSLDomain
from proton.handlers import MessagingHandler
from proton.reactor import Container


class Opening(MessagingHandler):
    def __init__(self, port, name, roots):
        super().__init__()
        self.port, self.name, self.roots = port, name, roots

    def on_start(self, event):
        domain = SSLDomain(SSLDomain.MODE_CLIENT)
        domain.set_trusted_ca_db(self.roots)
        domain.set_peer_authentication(SSLDomain.VERIFY_PEER_NAME)
        event.container.connect(
            f"amqps://127.0.0.1:{self.port}",
            ssl_domain=domain,
            virtual_host=self.name,
            allowed_mechs="ANONYMOUS",
            reconnect=False,
        )

    def on_connection_opened(self, event):
        print("opened", event.connection.remote_container)
        event.connection.close()

    def on_transport_error(self, event):
        print("error", event.transport.condition)


Container(Opening(*sys.argv[1:])).run()
