// Verifies webhooks with the npm package "standardwebhooks".  A line of JSON for
// each: { "secret", "headers", "body" }; answers "ok", or why it is none.
'use strict';

const { Webhook } = require('standardwebhooks');
const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter((line) => line.length > 0);

for (const line of lines)
{
	const { secret, headers, body } = JSON.parse(line);

	try
	{
		new Webhook(secret).verify(body, headers);
		console.log('ok');
	}
	catch (error)
	{
		console.log(error.message.replace(/\s+/g, ' '));
	}
}
