//+------------------------------------------------------------------+
//|                                                        Panel.mqh |
//| Lines on the chart with the state, and the setting to change     |
//| where something stops the program; below them a button. They are |
//| objects: another program may use the chart's comment.            |
//+------------------------------------------------------------------+
#include "PanelColors.mqh"

#define PANEL_PREFIX "ExecutionOfficer."
#define PANEL_LINES 14
#define PANEL_WIDTH 62             // characters of a line: a label shows no more than 63
#define PANEL_INTERVAL_MS 500
#define PANEL_BUTTON "ExecutionOfficer.flatten"
#define PANEL_CHECK_EVERY 10       // updates between two looks at the button and the chart's background
//+------------------------------------------------------------------+
//| The lines of one chart.                                          |
//+------------------------------------------------------------------+
class CPanel
  {
private:
   string            m_lines[PANEL_LINES];
   ENUM_PANEL_TONE   m_tones[PANEL_LINES];
   string            m_shown[PANEL_LINES];
   color             m_tints[PANEL_LINES]; // shown
   color             m_background; // of the chart
   string            m_button;     // its text
   string            m_button_shown;
   bool              m_made;
   int               m_count;
   int               m_show_count; // updates since the last check
   long              m_next_ms;

   string            Name(const int line) const;
   void              Make(void);
   void              MakeButton(void);
   void              CheckChart(void);

public:
                     CPanel(void);
   bool              Due(const long mono_ms);
   void              Start(void);
   void              Line(const string text,const ENUM_PANEL_TONE tone);
   void              Text(const string text,const ENUM_PANEL_TONE tone);
   void              Button(const string text) { m_button=text; }
   bool              IsButton(const string name) const { return(m_made && name==PANEL_BUTTON); }
   void              Release(void);
   void              Show(void);
   void              Remove(void);
  };
//+------------------------------------------------------------------+
//| Create it without objects.                                       |
//+------------------------------------------------------------------+
CPanel::CPanel(void)
  {
   m_made=false;
   m_count=0;
   m_show_count=0;
   m_next_ms=0;
   m_background=clrBlack;
   m_button="";
   m_button_shown="";
  }
//+------------------------------------------------------------------+
//| Return the name of a line's object.                              |
//+------------------------------------------------------------------+
string CPanel::Name(const int line) const
  {
   return(PANEL_PREFIX+IntegerToString(line));
  }
//+------------------------------------------------------------------+
//| Return whether the lines are due for an update.                  |
//+------------------------------------------------------------------+
bool CPanel::Due(const long mono_ms)
  {
   if(mono_ms<m_next_ms)
      return(false);
   m_next_ms=mono_ms+PANEL_INTERVAL_MS;
   return(true);
  }
//+------------------------------------------------------------------+
//| Start with the first line.                                       |
//+------------------------------------------------------------------+
void CPanel::Start(void)
  {
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Add a line.                                                      |
//+------------------------------------------------------------------+
void CPanel::Line(const string text,const ENUM_PANEL_TONE tone)
  {
   if(m_count>=PANEL_LINES)
      return;
   m_lines[m_count]=text;
   m_tones[m_count]=tone;
   m_count++;
  }
//+------------------------------------------------------------------+
//| Add a text of any length, broken into lines between its words.   |
//+------------------------------------------------------------------+
void CPanel::Text(const string text,const ENUM_PANEL_TONE tone)
  {
   string rest=text;
   string indent="";
   while(m_count<PANEL_LINES && StringLen(indent)+StringLen(rest)>PANEL_WIDTH)
     {
      int room=PANEL_WIDTH-StringLen(indent);
      int cut=room;
      while(cut>0 && StringGetCharacter(rest,cut)!=' ')
         cut--;
      // A word longer than a line is cut, so that the rest gets shorter with each line.
      if(cut==0)
         cut=room;
      Line(indent+StringSubstr(rest,0,cut),tone);
      rest=StringSubstr(rest,cut);
      StringTrimLeft(rest);
      indent="    ";
     }
   if(rest!="")
      Line(indent+rest,tone);
  }
//+------------------------------------------------------------------+
//| Create the objects.                                              |
//+------------------------------------------------------------------+
void CPanel::Make(void)
  {
   for(int i=0; i<PANEL_LINES; i++)
     {
      string name=Name(i);
      ObjectCreate(0,name,OBJ_LABEL,0,0,0);
      ObjectSetInteger(0,name,OBJPROP_CORNER,CORNER_LEFT_UPPER);
      ObjectSetInteger(0,name,OBJPROP_XDISTANCE,12);
      ObjectSetInteger(0,name,OBJPROP_YDISTANCE,24+16*i);
      ObjectSetInteger(0,name,OBJPROP_FONTSIZE,9);
      ObjectSetInteger(0,name,OBJPROP_SELECTABLE,false);
      ObjectSetInteger(0,name,OBJPROP_HIDDEN,true);
      ObjectSetString(0,name,OBJPROP_FONT,"Consolas");
      // An empty text shows as the word 'Label'.
      ObjectSetString(0,name,OBJPROP_TEXT," ");
      m_shown[i]=" ";
      m_tints[i]=clrNONE;
     }
   m_background=(color)ChartGetInteger(0,CHART_COLOR_BACKGROUND);
   MakeButton();
   m_made=true;
  }
//+------------------------------------------------------------------+
//| Create the button below the lines.                               |
//+------------------------------------------------------------------+
void CPanel::MakeButton(void)
  {
   ObjectCreate(0,PANEL_BUTTON,OBJ_BUTTON,0,0,0);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_CORNER,CORNER_LEFT_UPPER);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_XDISTANCE,12);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_YDISTANCE,32+16*PANEL_LINES);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_XSIZE,180);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_YSIZE,24);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_FONTSIZE,9);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_SELECTABLE,false);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_HIDDEN,true);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_COLOR,clrBlack);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_BGCOLOR,clrLightGray);
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_BORDER_COLOR,clrGray);
   ObjectSetString(0,PANEL_BUTTON,OBJPROP_FONT,"Consolas");
   ObjectSetString(0,PANEL_BUTTON,OBJPROP_TEXT," ");
   m_button_shown=" ";
  }
//+------------------------------------------------------------------+
//| Create the objects again where an indicator or the operator      |
//| deleted the button, and follow the chart's colors. Checked from  |
//| time to time only, since the answers wait for the chart.         |
//+------------------------------------------------------------------+
void CPanel::CheckChart(void)
  {
   m_show_count++;
   if(m_show_count<PANEL_CHECK_EVERY)
      return;
   m_show_count=0;
   m_background=(color)ChartGetInteger(0,CHART_COLOR_BACKGROUND);
   if(ObjectFind(0,PANEL_BUTTON)<0)
      m_made=false;
  }
//+------------------------------------------------------------------+
//| Release the button: a click leaves it pressed.                   |
//+------------------------------------------------------------------+
void CPanel::Release(void)
  {
   ObjectSetInteger(0,PANEL_BUTTON,OBJPROP_STATE,false);
  }
//+------------------------------------------------------------------+
//| Update the lines that changed.                                   |
//+------------------------------------------------------------------+
void CPanel::Show(void)
  {
   bool changed=false;
   CheckChart();
   if(!m_made)
      Make();
   for(int i=0; i<PANEL_LINES; i++)
     {
      string text=(i<m_count && m_lines[i]!="") ? m_lines[i] : " ";
      color tint=ReadableTint((i<m_count) ? m_tones[i] : PANEL_TONE_PLAIN,m_background);
      if(text==m_shown[i] && (tint==m_tints[i] || text==" "))
         continue;
      ObjectSetInteger(0,Name(i),OBJPROP_COLOR,tint);
      ObjectSetString(0,Name(i),OBJPROP_TEXT,text);
      m_shown[i]=text;
      m_tints[i]=tint;
      changed=true;
     }
   if(m_button!="" && m_button!=m_button_shown)
     {
      ObjectSetString(0,PANEL_BUTTON,OBJPROP_TEXT,m_button);
      m_button_shown=m_button;
      changed=true;
     }
   if(changed)
      ChartRedraw(0);
  }
//+------------------------------------------------------------------+
//| Delete the objects.                                              |
//+------------------------------------------------------------------+
void CPanel::Remove(void)
  {
   for(int i=0; i<PANEL_LINES && m_made; i++)
      ObjectDelete(0,Name(i));
   if(m_made)
      ObjectDelete(0,PANEL_BUTTON);
   m_made=false;
   m_next_ms=0;
  }
//+------------------------------------------------------------------+
