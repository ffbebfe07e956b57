// What customers, operators and programs of others do with the running product. Its own file starts it once.
import './product/stack.ts'
import './product/paid-request.ts'
import './product/compatibility.ts'
// Last: it pauses the host.
import './product/operator-cli.ts'
