// Which validator of @rocket.chat/rest-typings 8.8.1 a route's parameters pass: the
// query of a GET, the JSON body of anything else. Routes have the names that the
// sandbox gives them. The server applies them as routes are declared in its
// apps/meteor/server/api; routes the bridge does not call yet are here for the day
// it does.
export const covered = {
	'GET livechat/config': 'isGETLivechatConfigParams',
	'GET livechat/room': 'isGETLivechatRoomParams',
	'POST livechat/message': 'isPOSTLivechatMessageParams',
	'GET livechat/message/:_id': 'isGETLivechatMessageIdParams',
	'PUT livechat/message/:_id': 'isPUTLivechatMessageIdParams',
	'DELETE livechat/message/:_id': 'isDELETELivechatMessageIdParams',
	'GET livechat/messages.history/:rid': 'isGETLivechatMessagesHistoryRidParams',
	'POST livechat/room.close': 'isPOSTLivechatRoomCloseParams',
	'POST livechat/room.survey': 'isPOSTLivechatRoomSurveyParams',

	'GET livechat/rooms': 'isGETLivechatRoomsParams',
	'POST livechat/room.closeByUser': 'isPOSTLivechatRoomCloseByUserParams',
	'POST livechat/room.saveInfo': 'isLiveChatRoomSaveInfoProps',
	'GET livechat/department': 'isGETLivechatDepartmentProps',
	'GET livechat/department/:_id': 'isLivechatDepartmentIdProps',
	'GET livechat/inquiries.getOne': 'isGETLivechatInquiriesGetOneParams',
	'GET livechat/users/agent': 'isLivechatUsersManagerGETProps', // declared for livechat/users/:type
	'GET livechat/users/manager': 'isLivechatUsersManagerGETProps',

	'GET chat.getMessage': 'isChatGetMessageProps',
	'GET chat.syncMessages': 'isChatSyncMessagesProps',
	'POST chat.sendMessage': 'isChatSendMessageProps',
	'POST chat.postMessage': 'isChatPostMessageProps',
	'POST chat.update': 'isChatUpdateProps',
	'POST chat.delete': 'isChatDeleteProps',
	'POST chat.react': 'isChatReactProps',

	'POST im.create': 'isDmCreateProps',
	'POST channels.create': 'isChannelsCreateProps',
	'POST groups.create': 'isGroupsCreateProps',
	'POST groups.invite': 'isGroupsInviteProps',
	'POST groups.setTopic': 'isGroupsSetTopicProps',
	'POST groups.kick': 'isGroupsKickProps',
	'GET groups.members': 'isGroupsMembersProps',
	'GET rooms.info': 'isRoomsInfoProps',
	'GET users.info': 'isUsersInfoParamsGetProps',
	'GET settings.public': 'isSettingsPublicWithPaginationProps',
	'POST login': 'isLoginProps',
};

// Routes for which the package exports no validator, and why that is so.
export const notCovered = {
	'GET websocket': 'not REST; ddp.mjs looks at the frames',
	'GET info': 'takes no parameters',
	'GET me': 'takes no parameters',
	'GET rooms.get': 'the package exports none for it',
	'POST settings/:_id': 'its validator is one of several shapes; a boolean value is one',
	'GET commands.list': 'pagination only, read by a helper of the server',
	'POST livechat/visitor': "the server's own check(); a validator came with 8.9",
	'GET livechat/visitor/:token': 'its validator is for the token in the path, and that is what the route matches',
	'GET livechat/visitor/:token/room': 'its validator is for the token in the path, and that is what the route matches',
	'DELETE livechat/visitor/:token': 'its validator is for the token in the path, and that is what the route matches',
	'GET file-upload/:id/:name': 'not REST: the server hands out files itself',
	'GET avatar/:username': 'not REST: the server hands out pictures itself',
	'GET livechat/users/agent/:_id': 'takes no parameters but those in the path',
	'GET livechat/users/manager/:_id': 'takes no parameters but those in the path',
	'GET apps/:id': "the server's apps routes check their parameters themselves",
	'GET apps/count': 'takes no parameters',
	'GET apps/:id/settings': 'takes no parameters',
	'POST apps/:id/settings': "the server's apps routes check their parameters themselves",
	'POST apps/:id/status': "the server's apps routes check their parameters themselves",
	'POST apps': 'multipart; the server reads it field by field',
	'POST apps/:id': 'multipart; the server reads it field by field',
	'POST livechat/upload/:rid': 'multipart; the server reads it field by field',
};
