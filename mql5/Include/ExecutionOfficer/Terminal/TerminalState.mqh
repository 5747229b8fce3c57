//+------------------------------------------------------------------+
//|                                                TerminalState.mqh |
//| State of the terminal: account, connection, permissions. It is   |
//| read each time, since the operator may change it at any time.    |
//+------------------------------------------------------------------+
#include "..\Common\Clock.mqh"
#include "..\Common\Text.mqh"
#include "..\Link\Records.mqh"
#include "EnumNames.mqh"
//+------------------------------------------------------------------+
//| Return the name of an ENUM_ACCOUNT_MARGIN_MODE. The sidecar      |
//| refuses an unknown one.                                          |
//+------------------------------------------------------------------+
string MarginModeName(const long mode)
  {
   if(mode==ACCOUNT_MARGIN_MODE_RETAIL_NETTING)
      return("RETAIL_NETTING");
   if(mode==ACCOUNT_MARGIN_MODE_EXCHANGE)
      return("EXCHANGE");
   if(mode==ACCOUNT_MARGIN_MODE_RETAIL_HEDGING)
      return("RETAIL_HEDGING");
   return(UnknownName(mode));
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_ACCOUNT_TRADE_MODE. An unknown one    |
//| counts as real money.                                            |
//+------------------------------------------------------------------+
string TradeModeName(const long mode)
  {
   if(mode==ACCOUNT_TRADE_MODE_DEMO)
      return("DEMO");
   if(mode==ACCOUNT_TRADE_MODE_CONTEST)
      return("CONTEST");
   return("REAL");
  }
//+------------------------------------------------------------------+
//| Read the account that is logged in. Before the first login all   |
//| properties are 0.                                                |
//+------------------------------------------------------------------+
void ReadAccount(SAccount &account)
  {
   ClearAccount(account);
   account.login=AccountInfoInteger(ACCOUNT_LOGIN);
   account.server=Shorten(AccountInfoString(ACCOUNT_SERVER),128);
   account.currency=AccountInfoString(ACCOUNT_CURRENCY);
   account.margin_mode=MarginModeName(AccountInfoInteger(ACCOUNT_MARGIN_MODE));
   account.trade_mode=TradeModeName(AccountInfoInteger(ACCOUNT_TRADE_MODE));
   account.known=(account.login>0 && IsName(account.server) && IsName(account.currency));
   if(!account.known)
      ClearAccount(account);
  }
//+------------------------------------------------------------------+
//| Return the missing permission, with the setting to change; empty |
//| where none is missing. All four are needed, and each has its own |
//| remedy.                                                          |
//+------------------------------------------------------------------+
string MissingPermission(void)
  {
   if(TerminalInfoInteger(TERMINAL_TRADE_ALLOWED)==0)
      return("Algo Trading is off in the terminal. Press the 'Algo Trading' button of its toolbar.");
   if(MQLInfoInteger(MQL_TRADE_ALLOWED)==0)
      return("Algo Trading is off for this program. Tick 'Allow Algo Trading' in its properties (F7), tab Common.");
   if(AccountInfoInteger(ACCOUNT_TRADE_ALLOWED)==0)
      return("The account may not trade (ACCOUNT_TRADE_ALLOWED). Log in with the master password.");
   if(AccountInfoInteger(ACCOUNT_TRADE_EXPERT)==0)
      return("The server forbids Expert Advisors (ACCOUNT_TRADE_EXPERT). Ask the broker to allow them.");
   return("");
  }
//+------------------------------------------------------------------+
//| Return whether the terminal is connected to its trade server.    |
//+------------------------------------------------------------------+
bool BrokerConnected(void)
  {
   return(TerminalInfoInteger(TERMINAL_CONNECTED)!=0);
  }
//+------------------------------------------------------------------+
//| Read the whole state.                                            |
//+------------------------------------------------------------------+
void ReadTerminalState(STerminalState &terminal)
  {
   ReadAccount(terminal.account);
//--- Without a connection the account may not trade either: a permission counts only between two checks that
//--- both find the broker connected, or a short disconnection would ask the operator to change a password.
   bool before=BrokerConnected();
   terminal.trade_forbidden_by=MissingPermission();
   terminal.broker_connected=(BrokerConnected() && before);
   terminal.server_ms=ServerMs();
   terminal.balance=DecimalText(AccountInfoDouble(ACCOUNT_BALANCE));
   terminal.equity=DecimalText(AccountInfoDouble(ACCOUNT_EQUITY));
   terminal.margin=DecimalText(AccountInfoDouble(ACCOUNT_MARGIN));
   long ping=TerminalInfoInteger(TERMINAL_PING_LAST);
   terminal.ping_us=(ping>0) ? ping : 0;
  }
//+------------------------------------------------------------------+
